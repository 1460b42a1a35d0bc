% rebase("page", title=_("Accounts"))
% form = visit.form
<h1>{{_("Accounts")}}</h1>
<form class="row sheet" method="get" action="/accounts" role="search">
<div class="field"><label for="q">{{_("Search")}}</label><input id="q" name="q" type="search" value="{{search}}"></div>
<button class="plain">{{_("Search")}}</button>
</form>
<section class="sheet">
% if who["accounts"]:
<table class="wide"><thead><tr><th>{{_("Account")}}</th><th>{{_("Name")}}</th><th>{{_("Also reached as")}}</th><th>{{_("Phones")}}</th></tr></thead><tbody>
%   for each in who["accounts"]:
<tr><td><span class="dot{{" on" if each["reached"] else ""}}"></span><a href="/accounts/{{each["user"]}}">{{each["user"]}}</a></td><td>{{each["name"]}}</td><td>{{", ".join(each["aliases"])}}</td><td class="number">{{n_("{n} phone", "{n} phones", len(each["devices"])).format(n=len(each["devices"])) if each["enabled"] else _("disabled")}}</td></tr>
%   end
</tbody></table>
<p class="soft small">{{_("{first} to {last} of {found}").format(first=first + 1, last=first + len(who["accounts"]), found=who["found"])}}
% include("turn", path="/accounts")
</p>
% else:
<p class="soft">{{_("No account has that.") if search or first else _("There is no account yet.")}}</p>
%   if first:
<p class="small">
%     include("turn", path="/accounts")
</p>
%   end
% end
% made = len(visit.cards)
% if made and visit.role == "admin":
<p><a href="/cards">{{n_("Show {n} card, to be printed", "Show {n} cards, to be printed", made).format(n=made)}}</a></p>
% end
<p class="small"><a href="/accounts.csv">{{_("Save all as a file (CSV)")}}</a></p>
</section>
% if visit.role == "admin":
<div class="columns">
<section class="sheet"><h2>{{_("Add one")}}</h2>
<form method="post" action="/accounts">
% include("csrf")
<div class="field"><label for="user">{{_("Number or name")}}</label><input id="user" name="user" value="{{form.get("user", "")}}" required autocomplete="off"></div>
<div class="field"><label for="name">{{_("Who it is")}}</label><input id="name" name="name" value="{{form.get("name", "")}}" autocomplete="off"></div>
<div class="field"><label for="password">{{_("Password")}}</label><input id="password" name="password" type="password" autocomplete="new-password" aria-describedby="password-hint">
<p class="hint" id="password-hint">{{_("Leave it empty, and a good one is made.")}}</p></div>
<button>{{_("Add")}}</button>
</form></section>
<section class="sheet"><h2>{{_("Add many")}}</h2>
<form method="post" action="/accounts/range">
% include("csrf")
<div class="field"><label for="range">{{_("Numbers")}}</label><input id="range" aria-describedby="range-hint" name="range" placeholder="101-120" value="{{form.get("range", "")}}" required>
<p class="hint" id="range-hint">{{_("Each gets a password; you are shown their cards.")}}</p></div>
<button>{{_("Add")}}</button>
</form></section>
<section class="sheet"><h2>{{_("Add from a file")}}</h2>
<form method="post" action="/accounts/csv" enctype="multipart/form-data">
% include("csrf")
<div class="field"><label for="file">{{_("CSV file")}}</label><input id="file" aria-describedby="file-hint" name="file" type="file" accept=".csv,text/csv" required>
<p class="hint" id="file-hint">{{_("Its first line names the columns: username, and any of password, name, enabled, aliases. Who has no password gets one, and you are shown the cards; accounts that are there keep theirs.")}}</p></div>
<button>{{_("Add")}}</button>
</form></section>
</div>
% end

% rebase("page", title=account["user"])
% user = account["user"]
% admin = visit.role == "admin"
<p class="small"><a href="/accounts">{{_("All accounts")}}</a></p>
<h1>{{user}} {{account["name"]}}</h1>
% password = visit.cards.get((user, ""))
% if password:
<p class="notice">{{_("The password of {user}, as long as you are logged in:").format(user=user)}} <code class="secret">{{password}}</code> <a href="/accounts/{{user}}/card">{{_("Its card")}}</a></p>
% end
<section class="sheet"><h2>{{_("Phones")}}</h2>
% if not account["enabled"]:
<p class="soft">{{_("The account is disabled: nobody can register or call as it.")}}</p>
% end
% if account["devices"]:
<table class="wide"><thead><tr><th>{{_("Reached")}}</th><th>{{_("Device")}}</th><th>{{_("Since")}}</th><td></td></tr></thead><tbody>
%   for device in account["devices"]:
%     closed = device["state"] == "closed"
<tr><td><span class="dot{{" on" if account["enabled"] and not closed else ""}}"></span>{{" ".join(x for x in (device["at"] or _("set by hand"), device["over"]) if x)}}{{", " + _("connection closed") if closed else ""}}{{"" if device["q"] is None else ", " + _("preference {q}").format(q=visit.decimal(device["q"], "g"))}}<br><span class="small soft">{{device["contact"]}}</span></td><td>{{" ".join(x for x in (device["device"], device["with"]) if x)}}</td><td class="number">{{time(device["since"])}}</td><td>\\
%     if admin:
<form method="post" action="/accounts/{{user}}/drop"><input type="hidden" name="csrf" value="{{visit.session.csrf}}"><input type="hidden" name="contact" value="{{device["contact"]}}"><button class="link" aria-label="{{_("Drop {contact}").format(contact=device["contact"])}}">{{_("Drop")}}</button></form>\\
%     end
</td></tr>
%   end
</tbody></table>
% else:
<p class="soft">{{_("No phone is registered.")}}</p>
% end
% if admin:
<details{{" open" if visit.form.get("contact") else ""}}><summary>{{_("Set a place by hand")}}</summary>
<form class="row" method="post" action="/accounts/{{user}}/bind">
% include("csrf")
<div class="field"><label for="contact">{{_("Address of a device that cannot register")}}</label><input id="contact" name="contact" placeholder="sip:door@192.0.2.7" value="{{visit.form.get("contact", "")}}" required></div><div class="field"><label for="q">{{_("Preference among several, 1 to 0")}}</label><input id="q" name="q" inputmode="decimal" size="5" placeholder="1" value="{{visit.form.get("q", "")}}"></div><button>{{_("Add")}}</button>
</form></details>
% end
</section>
% if admin:
<div class="columns">
<section class="sheet"><h2>{{_("Name")}}</h2>
<form class="row" method="post" action="/accounts/{{user}}/name">
% include("csrf")
<div class="field"><label for="name">{{_("Who it is")}}</label><input id="name" name="name" value="{{visit.form.get("name", account["name"])}}"></div><button class="plain">{{_("Change")}}</button>
</form></section>
<section class="sheet"><h2>{{_("Password")}}</h2>
<p class="small soft">{{_("The box keeps no password that could be shown. A new one is shown on a card, and every phone of this account then needs it.")}}</p>
<form method="post" action="/accounts/{{user}}/password">
% include("csrf")
<button class="plain">{{_("Make a new password and card")}}</button></form></section>
<section class="sheet"><h2>{{_("Also reached as")}}</h2>
%   for alias in account["aliases"]:
<form class="row" method="post" action="/accounts/{{user}}/unalias"><input type="hidden" name="csrf" value="{{visit.session.csrf}}"><input type="hidden" name="alias" value="{{alias}}"><span>{{alias}}</span> <button class="link" aria-label="{{_("Remove {what}").format(what=alias)}}">{{_("Remove")}}</button></form>
%   end
<form class="row" method="post" action="/accounts/{{user}}/alias">
% include("csrf")
<div class="field"><label for="alias">{{_("Number or name")}}</label><input id="alias" name="alias" value="{{visit.form.get("alias", "")}}" required></div><button class="plain">{{_("Add")}}</button>
</form></section>
<section class="sheet"><h2>{{_("Devices with a password of their own")}}</h2>
<p class="small soft">{{_("A lost phone is then one to revoke, and all others go on.")}}</p>
%   for device in account["passwords"]:
%     if device:
<form class="row" method="post" action="/accounts/{{user}}/revoke"><input type="hidden" name="csrf" value="{{visit.session.csrf}}"><input type="hidden" name="device" value="{{device}}"><span>{{device}}</span> <button class="link" aria-label="{{_("Revoke {device}").format(device=device)}}">{{_("Revoke")}}</button></form>
%     end
%   end
<form class="row" method="post" action="/accounts/{{user}}/device">
% include("csrf")
<div class="field"><label for="device">{{_("Name of the device")}}</label><input id="device" name="device" value="{{visit.form.get("device", "")}}" required></div><button class="plain">{{_("Add")}}</button>
</form></section>
<section class="sheet"><h2>{{_("Disable or remove")}}</h2>
<form class="row" method="post" action="/accounts/{{user}}/{{"disable" if account["enabled"] else "enable"}}">
% include("csrf")
<button class="plain">{{_("Disable") if account["enabled"] else _("Enable")}}</button></form>
<details><summary>{{_("Remove the account")}}</summary>
<form method="post" action="/accounts/{{user}}/remove">
% include("csrf")
%   for each in gone:
<p>{{visit.noted(each)}}</p>
%   end
<button class="bad">{{_("Remove {what}").format(what=user)}}</button></form></details>
</section>
</div>
% end
% if calls:
<section class="sheet"><h2>{{_("Calls")}}</h2>
% include("call_table", calls=calls)
<p class="small"><a href="/calls?q={{quote(user)}}">{{_("All calls")}}</a></p>
</section>
% end
<section class="sheet"><h2>{{_("What happened")}}</h2>
% if events:
<ol class="lines">
%   for event in events:
<li><span class="number">{{time(event["at"], _("%m-%d %H:%M:%S"))}}</span> {{visit.noted(event["text"])}} \\
% if event["times"] > 1:
({{n_("{n} time", "{n} times", event["times"]).format(n=event["times"])}}) \\
% end
<span class="soft">{{event["source"]}}</span></li>
%   end
</ol>
% else:
<p class="soft">{{_("Nothing, since the box was started.")}}</p>
% end
</section>

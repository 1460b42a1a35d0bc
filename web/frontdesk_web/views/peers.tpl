% rebase("page", title=_("Peers"))
<h1>{{_("Peers")}}</h1>
<p>{{_("A peer is another telephone system that is trusted by its address: its calls need no password.")}}</p>
<section class="sheet">
% if peers:
<table class="wide"><thead><tr><th>{{_("Address")}}</th><th>{{_("Name")}}</th><td></td></tr></thead><tbody>
%   for peer in peers:
<tr><td>{{peer["address"]}}</td><td>{{peer["name"]}}</td><td>\\
%     if visit.role == "admin":
<form method="post" action="/peers/remove"><input type="hidden" name="csrf" value="{{visit.session.csrf}}"><input type="hidden" name="address" value="{{peer["address"]}}"><button class="link" aria-label="{{_("Remove {what}").format(what=peer["address"])}}">{{_("Remove")}}</button></form>\\
%     end
</td></tr>
%   end
</tbody></table>
% else:
<p class="soft">{{_("There is none.")}}</p>
% end
</section>
% if visit.role == "admin":
<section class="sheet"><h2>{{_("Add a peer")}}</h2>
<form method="post" action="/peers">
% include("csrf")
<div class="field"><label for="address">{{_("Address")}}</label><input id="address" name="address" placeholder="192.0.2.5" value="{{visit.form.get("address", "")}}" required></div>
<div class="field"><label for="name">{{_("Name")}}</label><input id="name" name="name" value="{{visit.form.get("name", "")}}"></div>
<button>{{_("Add")}}</button>
</form></section>
% end

% rebase("page", title=_("Cards"))
<div class="screen"><h1>{{_("Cards")}}</h1>
<p>{{_("Type these into a phone, or let its camera read the code and copy them. Print this page: it is made for A4.")}}</p>
% if cards and made:
<details class="sheet"><summary>{{_("When they are printed")}}</summary>
<form method="post" action="/cards/forget">
%   include("csrf")
<input type="hidden" name="made" value="{{made}}">
<p>{{_("The box can show these passwords no more once you let go of the cards or log out, nor after it was restarted.")}}</p><button class="plain">{{_("Let go of the cards")}}</button></form></details>
% end
</div>
% if not cards:
<p class="soft">{{_("No password was made since you have logged in. At an account you can make a new one.")}}</p>
% end
<div class="cards">
% for card in cards:
<section class="card"><h2>{{card.user}}</h2>
<p>{{card.name}} {{card.device}}</p>
<dl>
<dt>{{_("Server")}}</dt><dd>{{server}}</dd>
<dt>{{_("Domain")}}</dt><dd>{{domain}}</dd>
<dt>{{_("User")}}</dt><dd>{{card.user}}</dd>
<dt>{{_("Password")}}</dt><dd>{{card.password or _("as it was given")}}</dd>
<dt>{{_("Transport")}}</dt><dd>{{transports}}</dd>
</dl>
{{!card.qr}}
</section>
% end
</div>

% rebase("page", title=_("Calls"))
<h1>{{_("Calls")}}</h1>
<form class="row sheet" method="get" action="/calls" role="search">
<div class="field"><label for="q">{{_("Number, day or result")}}</label><input id="q" name="q" type="search" value="{{search}}"></div>
<button class="plain">{{_("Search")}}</button>
</form>
<section class="sheet">
% if calls:
% include("call_table", calls=calls)
% else:
<p class="soft">{{_("No call is like that.") if search or first else _("There was no call yet.")}}</p>
% end
% if first or more:
<p class="small">
%   include("turn", path="/calls")
</p>
% end
</section>

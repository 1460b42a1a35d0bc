% rebase("page", title=_("Calls"))
<h1>{{_("Calls")}}</h1>
<form class="row sheet" method="get" action="/calls" role="search">
<div class="field"><label for="q">{{_("Number, day or result")}}</label><input id="q" name="q" type="search" value="{{search}}"></div>
<button class="plain">{{_("Search")}}</button>
</form>
<section class="sheet">
% if calls:
% include("call_table", calls=calls)
%   if more:
<p class="soft">{{n_("and {n} more", "and {n} more", more).format(n=more)}}</p>
%   end
% else:
<p class="soft">{{_("No call is like that.") if search else _("There was no call yet.")}}</p>
% end
</section>

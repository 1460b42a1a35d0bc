% rebase("page", title=_("Log"))
<p class="small"><a href="/system">{{_("System")}}</a></p>
<h1>{{_("Log")}}</h1>
<section class="sheet"><ol class="lines" lang="en">
% for line in lines:
<li>{{line}}</li>
% end
</ol></section>

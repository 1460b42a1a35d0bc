% rebase("page", title=_("Events"))
<p class="small"><a href="/system">{{_("System")}}</a></p>
<h1>{{_("Events")}}</h1>
<section class="sheet">
% if not events:
<p class="soft">{{_("Nothing, since the box was started.")}}</p>
% end
<ol class="lines">
% for event in events:
<li><span class="number">{{time(event["at"], _("%m-%d %H:%M:%S"))}}</span> <b>{{event["account"]}}</b> {{visit.noted(event["text"])}} \\
% if event["times"] > 1:
({{n_("{n} time", "{n} times", event["times"]).format(n=event["times"])}}) \\
% end
<span class="soft">{{event["source"]}}</span></li>
% end
</ol></section>

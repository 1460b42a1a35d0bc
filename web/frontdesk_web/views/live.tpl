% from frontdesk_web.pages.front import problem
<section class="sheet" aria-labelledby="wrong">
<h2 id="wrong">{{_("What is wrong") if problems else _("All is well")}}</h2>
% if problems:
<ul class="problems">
%   for each in problems:
<li>{{problem(visit, each)}}\\
%     if each["times"] > 1:
, {{n_("{n} time since {time}", "{n} times since {time}", each["times"]).format(n=each["times"], time=time(each["since"]))}}\\
%     end
.\\
%     if each["cure"]:
<span>{{_(each["cure"])}}\\
%       if each["account"]:
 <a href="/accounts/{{each["account"]}}">{{_("To the account {user}").format(user=each["account"])}}</a>\\
%       end
</span>\\
%     end
</li>
%   end
</ul>
% end
% if emergency:
<p class="small soft">{{_("Emergency calls go to {account}: see that they are answered there.").format(account=emergency)}}</p>
% elif trunk:
<p class="small soft">{{_("What is dialled and nobody here has goes out through {trunk}: see that emergency numbers are reached that way.").format(trunk=trunk)}}</p>
% else:
<p class="small soft">{{_("There is no line to the public network: emergency numbers cannot be reached from these phones.")}}</p>
% end
</section>
<section class="sheet" aria-labelledby="calls">
<h2 id="calls">{{_("Calls now")}}</h2>
% if calls:
<table class="wide"><thead><tr><th>{{_("From")}}</th><th>{{_("To")}}</th><th>{{_("State")}}</th><th>{{_("Since")}}</th></tr></thead><tbody>
%   for call in calls:
<tr><td>{{call["caller"]}}</td><td data-label="{{_("To")}}">{{call["callee"]}}</td><td>{{visit.state(call)}}</td><td class="number" data-label="{{_("Since")}}">{{time(call["answered"] or call["started"])}}</td></tr>
%   end
</tbody></table>
%   if further_calls:
<p class="soft">{{n_("and {n} more", "and {n} more", further_calls).format(n=further_calls)}}</p>
%   end
% else:
<p class="soft">{{_("Nobody is on the phone.")}}</p>
% end
</section>
<section class="sheet" aria-labelledby="phones">
<h2 id="phones">{{_("Phones")}}</h2>
% if who["accounts"]:
<table class="wide"><thead><tr><th>{{_("Account")}}</th><th>{{_("Reached")}}</th><th>{{_("Device")}}</th><th>{{_("Since")}}</th></tr></thead><tbody>
%   for account in who["accounts"]:
%     devices = account["devices"] or [None]
%     for device in devices:
<tr><td>\\
%       if device is devices[0]:
<span class="dot{{" on" if account["reached"] else ""}}"></span><a href="/accounts/{{account["user"]}}">{{account["user"]}}</a> {{account["name"]}}\\
%       end
</td>\\
%       if device is None:
<td class="soft">{{_("not registered") if account["enabled"] else _("disabled")}}</td><td></td><td></td></tr>
%       else:
<td>{{device["at"] or device["contact"]}} {{device["over"] or _("set by hand")}}{{", " + _("connection closed") if device["state"] == "closed" else ""}}{{"" if account["enabled"] else ", " + _("disabled")}}</td><td class="soft">{{" ".join(x for x in (device["device"], device["with"]) if x)}}</td><td class="number">{{time(device["since"])}}</td></tr>
%       end
%     end
%   end
</tbody></table>
% else:
<p class="soft">{{_("There is no account yet.")}}</p>
% end
% more = who["found"] - len(who["accounts"])
% if more > 0:
<p><a href="/accounts?start={{len(who["accounts"])}}">{{n_("{n} more account", "{n} more accounts", more).format(n=more)}}</a></p>
% end
</section>
<div class="columns">
<section class="sheet" aria-labelledby="day">
<h2 id="day">{{_("The last 24 hours")}}</h2>
{{!chart}}
<p class="legend"><span><span class="dot on"></span>{{_("Registered phones: {now} now, {most} at most").format(now=status["bindings"], most=max([status["bindings"], *today["devices"]]))}}</span><span><span class="dot talk"></span>{{n_("{n} call", "{n} calls", sum(today["calls"])).format(n=sum(today["calls"]))}}</span>\\
% if since:
<span>{{_("counted since {time}").format(time=since)}}</span>\\
% end
</p>
</section>
<section class="sheet" aria-labelledby="box">
<h2 id="box">{{_("The box")}}</h2>
<dl>
<dt>{{_("Clock")}}</dt><dd class="number">{{time(today["clock"], "%Y-%m-%d %H:%M") if today["clock_set"] else _("not set")}}</dd>
<dt>{{_("Up since")}}</dt><dd class="number">{{visit.since(status["uptime"])}}</dd>
<dt>{{_("Disk")}}</dt><dd>{{_("{free} GB of {total} GB free").format(free=visit.decimal(today["disk"]["free"] / 1e9), total=visit.decimal(today["disk"]["total"] / 1e9))}}</dd>
<dt>{{_("Written since {time}").format(time=since) if since else _("Written in 24 h")}}</dt><dd>{{visit.decimal(today["written"] / 1e6)}} MB</dd>
<dt>{{_("Phones register at")}}</dt><dd>{{server}} ({{transports}})</dd>
</dl>
</section>
</div>

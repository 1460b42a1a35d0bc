% rebase("page", title=_("Settings"))
% admin = visit.role == "admin"
<h1>{{_("Settings")}}</h1>
% if left:
<section class="sheet"><h2>{{_("On trial")}}</h2>
<ul class="lines">
%   for key, old, new in on_trial:
<li>{{key}}: <del>{{old or "-"}}</del> <ins>{{new or "-"}}</ins></li>
%   end
</ul>
<p>{{_("They go back by themselves in {left} unless you keep them.").format(left=left)}}</p>
%   if admin:
<form class="row" method="post" action="/settings/commit">
% include("csrf")
<button name="way" value="keep">{{_("Keep them")}}</button> <button class="plain" formaction="/settings/rollback">{{_("Go back now")}}</button></form>
%   end
</section>
% elif staged:
<section class="sheet"><h2>{{_("Not in use yet")}}</h2>
<ul class="lines">
%   for each in staged.values():
<li>{{each["key"]}}: <del>{{each["old"] or "-"}}</del> <ins>{{each["new"] or "-"}}</ins></li>
%   end
</ul>
%   if admin:
<form class="row" method="post" action="/settings/commit">
% include("csrf")
<input type="hidden" name="seen" value="{{seen}}">
<button name="way" value="trial">{{_("Try them for {n} minutes").format(n=trial // 60)}}</button> <button class="plain" name="way" value="now">{{_("Use them for good")}}</button> <button class="plain" formaction="/settings/rollback">{{_("Forget them")}}</button></form>
<p class="hint">{{_("What is tried goes back by itself unless you keep it: use it for what could lock you out.")}}</p>
%   end
%   if host := visit.next_host({key: each["new"] for key, each in staged.items()}):
<p class="hint">{{_("The page moves with the box: if it does not come back here, log in at {address}.").format(address=host)}}</p>
%   end
</section>
% end
<section class="sheet"><h2>{{_("Domain")}}</h2>
<form class="row" method="post" action="/settings/domain">
% if admin:
%   include("csrf")
% end
<div class="field"><label for="domain">{{_("What stands behind the @ of every number")}}</label><input id="domain" name="domain" value="{{visit.form.get("domain", domain)}}"{{"" if admin else " readonly"}}></div>
% if admin:
<button class="plain">{{_("Change")}}</button>
% end
</form></section>
<form class="sheet settings" method="post" action="/settings">
% if admin:
%   include("csrf")
% end
% for group, rows in groups:
<h2>{{_(group)}}</h2>
<div class="grid">
%   for row in rows:
%     key, change = row["key"], staged.get(row["key"])
%     now = change["new"] if change else row["value"]
%     value = visit.form.get(key, now)
<div{{!' class="staged"' if change else ""}}><label for="{{key}}">{{key}}</label>
%     if admin:
<input type="hidden" name="{{key}}{{SHOWN}}" value="{{visit.form.get(key + SHOWN, now)}}">
%     end
%     if kinds[key] == "on/off":
<select id="{{key}}" name="{{key}}" aria-describedby="{{key}}-hint"{{"" if admin else " disabled"}}>
%       for choice in ("on", "off"):
<option value="{{choice}}"{{" selected" if value == choice else ""}}>{{choice}}</option>
%       end
</select>
%     else:
<input id="{{key}}" name="{{key}}" value="{{value}}" aria-describedby="{{key}}-hint"{{"" if admin else " readonly"}}>
%     end
<p class="hint" id="{{key}}-hint">{{_(row["meaning"])}} {{_("Default:")}} {{_("nothing") if defaults[key] in ("", NONE) else defaults[key]}}.</p></div>
%   end
</div>
% end
% if admin:
<button>{{_("Compare before they are used")}}</button>
% end
</form>

% rebase("page", title=_("System"))
% admin = visit.role == "admin"
<h1>{{_("System")}}</h1>
<div class="columns">
<section class="sheet"><h2>{{_("The box")}}</h2>
<dl>
<dt>{{_("Version")}}</dt><dd>Frontdesk {{status["version"]}}</dd>
<dt>{{_("Clock")}}</dt><dd class="number">{{time(today["clock"], "%Y-%m-%d %H:%M:%S")}} ({{today["timezone"] if today["clock_set"] else _("not set")}})</dd>
<dt>{{_("Memory")}}</dt><dd>{{status["memory"] // 1000000}} MB</dd>
% for each in net:
<dt>{{each["name"]}}</dt><dd>{{", ".join(each["addresses"]) or "-"}} <span class="soft">{{_(each["link"]) if each["link"] else ""}} {{each["mac"] or ""}}</span></dd>
% end
</dl>
% for said in dict.fromkeys(filter(None, [each.get(key) for each in net for key in ("note", "read_only")])):
<p class="small soft">{{visit.noted(said)}}</p>
% end
<p class="small"><a href="/log">{{_("Log")}}</a> · <a href="/events">{{_("Events")}}</a></p>
</section>
% if visit.house.site.authority:
<section class="sheet"><h2>{{_("Certificate")}}</h2>
<p class="small soft">{{_("This fingerprint is the same at the console and on the panel.")}}</p>
% include("fingerprint")
<p class="small"><a href="/ca.crt">{{_("Save ca.crt")}}</a></p>
</section>
% end
% if admin:
<section class="sheet"><h2>{{_("Backup")}}</h2>
<form method="post" action="/system/backup">
%   include("csrf")
<div class="field"><label for="passphrase">{{_("Passphrase")}}</label><input id="passphrase" aria-describedby="passphrase-hint" name="passphrase" type="password" autocomplete="new-password" required></div>
<div class="field"><label for="again">{{_("Once more")}}</label><input id="again" name="again" type="password" autocomplete="new-password" required>
<p class="hint" id="passphrase-hint">{{_("The backup holds every secret of the box, sealed with this passphrase. It is the same as the console's.")}}</p></div>
<button class="plain">{{_("Save a backup")}}</button>
%   include("console", line="backup")
</form></section>
<section class="sheet"><h2>{{_("Restore")}}</h2>
<form method="post" action="/system/restore" enctype="multipart/form-data">
%   include("csrf")
<div class="field"><label for="file">{{_("Backup file")}}</label><input id="file" name="file" type="file" required></div>
<div class="field"><label for="sealed">{{_("Passphrase")}}</label><input id="sealed" aria-describedby="sealed-hint" name="passphrase" type="password" autocomplete="off" required>
<p class="hint" id="sealed-hint">{{_("The box is then what the backup says; what it is now is gone.")}}</p></div>
<button class="bad">{{_("Restore")}}</button>
%   include("console", line="import")
</form></section>
<section class="sheet"><h2>{{_("Admin password")}}</h2>
<form method="post" action="/system/password">
%   include("csrf")
<div class="field"><label for="old">{{_("Password of now")}}</label><input id="old" name="old" type="password" autocomplete="current-password" required></div>
<div class="field"><label for="new">{{_("New password")}}</label><input id="new" name="password" type="password" autocomplete="new-password" required></div>
<div class="field"><label for="new-again">{{_("Once more")}}</label><input id="new-again" name="again" type="password" autocomplete="new-password" required></div>
<button class="plain">{{_("Change")}}</button>
</form></section>
<section class="sheet"><h2>{{_("Read-only password")}}</h2>
<p class="small soft">{{_("For those who may look at everything and change nothing. Empty: nobody.")}}</p>
<form method="post" action="/system/viewer">
%   include("csrf")
<div class="field"><label for="viewer">{{_("New password")}}</label><input id="viewer" name="password" type="password" autocomplete="new-password"></div>
<div class="field"><label for="viewer-again">{{_("Once more")}}</label><input id="viewer-again" name="again" type="password" autocomplete="new-password"></div>
<button class="plain">{{_("Change")}}</button>
</form></section>
% end
<section class="sheet"><h2>{{_("Tokens of programs")}}</h2>
% for token in tokens:
<form class="row" method="post" action="/system/untoken">
%   if admin:
%     include("csrf")
%   end
<span>{{token["name"]}} <span class="soft">{{_("reads") if token["role"] == "viewer" else _("reads and changes")}}, {{_("until {day}").format(day=time(token["ends"], "%Y-%m-%d"))}}</span></span>
%   if admin:
<input type="hidden" name="name" value="{{token["name"]}}"><button class="link" aria-label="{{_("Revoke {device}").format(device=token["name"])}}">{{_("Revoke")}}</button>
%   end
</form>
% end
% if not tokens:
<p class="soft">{{_("There is none.")}}</p>
% end
% if admin:
<form method="post" action="/system/token">
%   include("csrf")
<div class="field"><label for="token">{{_("Name")}}</label><input id="token" name="name" value="{{visit.form.get("name", "")}}" required></div>
<div class="field"><label for="role">{{_("It may")}}</label><select id="role" name="role"><option value="viewer">{{_("read")}}</option><option value="admin"{{" selected" if visit.form.get("role") == "admin" else ""}}>{{_("read and change")}}</option></select></div>
<button class="plain">{{_("Make a token for 90 days")}}</button>
</form>
% end
</section>
% if admin:
<section class="sheet"><h2>{{_("A new start")}}</h2>
<form method="post" action="/system/reboot">
%   include("csrf")
<p class="small soft">{{_("Calls go on where phones talk to each other; nobody can call for about a minute.")}}</p><button class="plain">{{_("Reboot")}}</button></form></section>
<section class="sheet"><h2>{{_("Factory reset")}}</h2>
<details{{" open" if "word" in visit.form else ""}}><summary>{{_("Take everything away")}}</summary>
<form method="post" action="/system/factory-reset">
%   include("csrf")
<p>{{_("Accounts, settings, calls and passwords are gone for good.")}}</p>
<input class="tick" id="keep" type="checkbox" name="keep" value="yes"{{"" if "word" in visit.form and "keep" not in visit.form else " checked"}}><label class="tick" for="keep">{{_("Keep the network's settings")}}</label>
<div class="field"><label for="word">{{_("Type the name of the box: {name}").format(name=visit.box.settings.hostname)}}</label><input id="word" name="word" autocomplete="off" required></div>
<button class="bad">{{_("Reset the box")}}</button>
%   include("console", line="factory-reset keep-network", when="ticked")
%   include("console", line="factory-reset", when="unticked")
</form></details></section>
%   if visit.box.admin.alarm:
<section class="sheet"><h2>{{_("Alarm")}}</h2><p>{{_("The admin password was recovered at the console.")}}</p>
<form method="post" action="/system/acknowledge">
%     include("csrf")
<button class="plain">{{_("I know of it")}}</button></form></section>
%   end
% end
</div>

<!DOCTYPE html>
<html lang="{{visit.language}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{visit.error + " – " if visit.error else ""}}{{title}} – {{visit.box.settings.hostname}}</title>
<link rel="stylesheet" href="{{static("style.css")}}">
<link rel="icon" href="{{static("icon.svg")}}" type="image/svg+xml">
</head>
<body>
<a class="skip" href="#main">{{_("To the content")}}</a>
<header><div>
<a class="brand" href="/"><img src="{{static("icon.svg")}}" alt="">{{visit.box.settings.hostname}}</a>
% if visit.session and visit.session.answers is None:
<nav aria-label="{{_("Pages")}}">
%   here = "/" + visit.path.split("/")[1]
%   for name, path, *below in ((_("Overview"), "/"), (_("Accounts"), "/accounts", "/cards"), (_("Calls"), "/calls"), (_("Peers"), "/peers"), (_("Settings"), "/settings"), (_("System"), "/system", "/log", "/events")):
<a href="{{path}}"{{!' aria-current="page"' if here in (path, *below) else ""}}>{{name}}</a>
%   end
</nav>
<form method="post" action="/logout"><input type="hidden" name="csrf" value="{{visit.session.csrf}}"><button class="link">{{_("Log out")}}</button></form>
% end
</div></header>
<main id="main">
% if not visit.secure and not visit.house.site.https_port:
<p class="notice bad">{{_("This page comes over plain http: whoever listens in on the network can read it.")}}</p>
% end
% if visit.error:
<p id="error" class="notice bad" role="alert">{{visit.error}}</p>
% end
% for notice in notices:
<div class="notice{{" bad" if notice.failed else ""}}" role="{{"alert" if notice.failed else "status"}}"><p>{{notice.text}}</p>
%   if notice.secret:
<code class="secret">{{notice.secret}}</code>
%   end
%   if len(notice.lines) > 3:
<details><summary>{{_("The same at the console")}}</summary>
%   end
%   for line in notice.lines:
<code><span class="soft">{{_("On the command line:") if line.startswith("frontdesk ") else _("At the console:")}}</span> {{line}}</code>
%   end
%   if len(notice.lines) > 3:
</details>
%   end
</div>
% end
{{!base}}
</main>
<footer>Frontdesk {{visit.version}}</footer>
</body>
</html>

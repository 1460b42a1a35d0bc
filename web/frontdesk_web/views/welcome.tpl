% rebase("page", title=_("Welcome"))
<div class="narrow sheet">
<h1>{{_("Welcome")}}</h1>
<p>{{_("This box is new. Three short steps, and its phones ring.")}}</p>
% if not visit.may_log_in:
%   include("not_here")
% else:
<form method="post" action="/welcome">
%   include("carried")
<div class="field"><label for="code">{{_("First-boot code")}}</label>
<input id="code" name="code" autocomplete="off" autocapitalize="characters" spellcheck="false" required autofocus aria-describedby="{{"error " if visit.error else ""}}code-hint">
<p class="hint" id="code-hint">{{_("Eight letters and digits. The box shows it at its console and on its panel; `frontdesk status` shows it too.")}}</p></div>
<button>{{_("Begin")}}</button>
</form>
% end
</div>

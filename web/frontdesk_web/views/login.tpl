% rebase("page", title=_("Log in"))
<div class="narrow sheet">
<h1>{{_("Log in")}}</h1>
% if not visit.may_log_in:
%   include("not_here")
% else:
<form method="post" action="/login">
%   include("carried")
<div class="field"><label for="password">{{_("Password")}}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required autofocus{{!' aria-describedby="error"' if visit.error else ""}}></div>
<fieldset class="field">
<legend class="label">{{_("As")}}</legend>
%   viewer = visit.form.get("role") == "viewer"
<label class="choice"><input type="radio" name="role" value="admin"{{"" if viewer else " checked"}}> {{_("administrator")}}</label>
<label class="choice"><input type="radio" name="role" value="viewer"{{" checked" if viewer else ""}}> {{_("somebody who only looks")}}</label>
</fieldset>
<button>{{_("Log in")}}</button>
</form>
<p class="hint">{{_("A lost password can be taken away at the console, just after the box was switched on.")}}</p>
% end
</div>

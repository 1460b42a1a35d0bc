% rebase("page", title=_("Set the box up"))
<div class="narrow sheet">
<p class="steps">{{_("Step {number} of 3").format(number=number)}}</p>
<form method="post" action="/welcome/{{step}}">
% include("csrf")
% form = visit.form
% if step == "box":
<h1>{{_("The box")}}</h1>
<div class="field"><label for="password">{{_("Admin password")}}</label>
<input id="password" aria-describedby="password-hint" name="password" type="password" minlength="{{shortest}}" maxlength="{{longest}}" autocomplete="new-password" required>
<p class="hint" id="password-hint">{{_("At least {n} characters. It opens this page and the console.").format(n=shortest)}}</p></div>
<div class="field"><label for="again">{{_("Once more")}}</label>
<input id="again" name="again" type="password" autocomplete="new-password" required></div>
<div class="field"><label for="hostname">{{_("Name of the box")}}</label>
<input id="hostname" name="hostname" value="{{form.get("hostname", settings["hostname"])}}" required></div>
<div class="field"><label for="timezone">{{_("Time zone")}}</label>
<input id="timezone" name="timezone" value="{{form.get("timezone", settings["timezone"])}}" required aria-describedby="zone-hint">
<p class="hint" id="zone-hint">{{_("Such as Europe/Berlin.")}}</p></div>
%   if not clock_set:
<div class="field"><label for="clock">{{_("Time now (UTC)")}}</label>
<input id="clock" aria-describedby="clock-hint" name="clock" type="datetime-local" value="{{form.get("clock", "")}}">
<p class="hint" id="clock-hint">{{_("The box does not know what time it is.")}}</p></div>
<script src="{{static("clock.js")}}" defer></script>
%   end
<p class="actions"><button>{{_("Next")}}</button></p>
% elif step == "network":
<h1>{{_("The network")}}</h1>
%   fixed = form.get("way", "fixed" if settings["net.address"] != "dhcp" else "dhcp") == "fixed"
<fieldset class="field"><legend class="label">{{_("Address")}}</legend>
<label class="choice"><input type="radio" name="way" value="dhcp"{{"" if fixed else " checked"}}> {{_("The network gives one (DHCP)")}}</label>
<label class="choice"><input type="radio" name="way" value="fixed"{{" checked" if fixed else ""}}> {{_("A fixed one:")}}</label>
</fieldset>
<div class="field"><label for="address">{{_("Fixed address")}}</label>
<input id="address" name="address" placeholder="192.0.2.10/24" value="{{form.get("address", settings["net.address"] if settings["net.address"] != "dhcp" else "")}}"></div>
<div class="field"><label for="gateway">{{_("Gateway")}}</label>
<input id="gateway" name="gateway" placeholder="192.0.2.1" value="{{form.get("gateway", settings["net.gateway"] if settings["net.gateway"] != "none" else "")}}"></div>
<div class="field"><label for="dns">{{_("Name servers")}}</label>
<input id="dns" name="dns" placeholder="192.0.2.53" value="{{form.get("dns", settings["net.dns"] if settings["net.dns"] != "none" else "")}}"></div>
%   if not has_accounts:
<div class="field"><label for="domain">{{_("Domain")}}</label>
<input id="domain" name="domain" value="{{form.get("domain", domain)}}" aria-describedby="domain-hint">
<p class="hint" id="domain-hint">{{_("What stands behind the @ of every number. It stays as long as there are accounts.")}}</p></div>
%   end
<p class="actions"><button>{{_("Next")}}</button> <a class="button plain" href="/welcome/box">{{_("Back")}}</a></p>
% else:
<h1>{{_("The phones")}}</h1>
<div class="field"><label for="accounts">{{_("Numbers")}}</label>
<input id="accounts" name="accounts" value="{{form.get("accounts", first_accounts)}}" aria-describedby="accounts-hint">
<p class="hint" id="accounts-hint">{{_("Such as 101-105: each gets an account and a password. More can be added later; `none` adds none now.")}}</p></div>
<p>{{_("With the last button all three steps are carried out.")}}</p>
%   if host := visit.next_host(settings):
<p>{{_("The page moves with the box: if it does not come back here, log in at {address}. The cards are there.").format(address=host)}}</p>
%   end
<p class="actions"><button>{{_("Set the box up")}}</button> <a class="button plain" href="/welcome/network">{{_("Back")}}</a></p>
% end
</form>
</div>

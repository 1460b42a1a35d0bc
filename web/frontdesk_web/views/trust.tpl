% rebase("page", title=_("The way in"))
<div class="narrow sheet">
<h1>{{_("The way in")}}</h1>
<p>{{_("This box speaks https, with a certificate that it made itself. So your browser warns you at first: it cannot know the box yet.")}}</p>
<p>{{_("Compare this fingerprint with the one that the box shows at its console, on its panel, or under System. If it is the same, nobody is in between. In the browser's view of certificates it is that of the upper one, which made the page's.")}}</p>
% include("fingerprint")
<p><a class="button" href="{{url}}">{{_("Go on over https")}}</a></p>
<p>{{_("To be asked never again, let your browser or computer trust this certificate:")}} <a href="/ca.crt">ca.crt</a></p>
</div>

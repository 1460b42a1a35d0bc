% rebase("page", title=_("Overview"))
<h1>{{_("Overview")}}</h1>
<p id="old" class="notice bad" role="alert" hidden>{{_("The box does not answer. What is below is of")}} <span></span>.</p>
<div id="live">
{{!live}}</div>
<p class="screen small"><a href="/">{{_("Load again")}}</a></p>
<script src="{{static("poll.js")}}" defer></script>

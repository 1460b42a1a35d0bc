% rebase("page", title=_("Overview"))
<h1>{{_("Overview")}}</h1>
<div id="live">
{{!live}}</div>
<p class="screen small"><a href="/">{{_("Load again")}}</a></p>
<script src="/static/poll.js" defer></script>

% setdefault("when", "")
<p class="small soft said {{when}}">{{_("At the console:")}} <code>{{line}}</code></p>

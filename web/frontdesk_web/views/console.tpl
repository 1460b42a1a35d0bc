<p class="small soft">{{_("At the console:")}} <code>{{line}}</code></p>

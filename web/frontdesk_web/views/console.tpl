<p class="small soft said">{{_("At the console:")}} <code>{{line}}</code></p>

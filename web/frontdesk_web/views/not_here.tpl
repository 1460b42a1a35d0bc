<p>{{_("A password is typed only over https, or at the box itself.")}}</p>
<p class="soft">{{_("Whoever runs the box can change that: set web.allow-plain on.")}}</p>

% parts = visit.house.site.fingerprint.split(":")
<p class="code notice">\\
% for at in range(0, len(parts), 8):
<span class="print">{{":".join(parts[at:at + 8])}}</span>{{" " if at + 8 < len(parts) else ""}}\\
% end
</p>

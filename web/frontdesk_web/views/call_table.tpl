<table class="wide"><thead><tr><th>{{_("Began")}}</th><th>{{_("From")}}</th><th>{{_("To")}}</th><th>{{_("How it ended")}}</th><th>{{_("Length")}}</th></tr></thead><tbody>
%   for call in calls:
<tr><td class="number">{{time(call["started"])}}</td><td data-label="{{_("From")}}">{{call["caller"]}}</td><td data-label="{{_("To")}}">{{call["callee"]}}</td><td>{{visit.outcome(call)}}</td><td class="number">{{length(call)}}</td></tr>
%   end
</tbody></table>

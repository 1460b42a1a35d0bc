% if first:
 <a href="{{path}}?q={{quote(search)}}&amp;start={{max(0, first - shown)}}">{{_("Back")}}</a>
% end
% if more:
 <a href="{{path}}?q={{quote(search)}}&amp;start={{first + shown}}">{{_("Further")}}</a>
% end

% if wanted:
<input type="hidden" name="next" value="{{wanted}}">
% end
% for name, value in carried.items():
<input type="hidden" name="{{name}}" value="{{value}}">
% end

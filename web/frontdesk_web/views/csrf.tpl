<input type="hidden" name="csrf" value="{{visit.session.csrf}}">

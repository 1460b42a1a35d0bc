% rebase("page", title=_("Pick up a phone"))
<h1>{{_("Pick up a phone")}}</h1>
<p>{{_("The box is set up. Type the settings of a card into each phone, then call from one to another.")}}</p>
% if made:
<p><a class="button" href="/cards">{{n_("Show {n} card, to be printed", "Show {n} cards, to be printed", len(made)).format(n=len(made))}}</a></p>
<p class="soft">{{_("The cards show the passwords. The box itself does not keep them: print the cards before you log out.")}}</p>
% else:
<p><a class="button" href="/accounts">{{_("Add accounts")}}</a></p>
% end
<p><a href="/">{{_("To the overview")}}</a></p>

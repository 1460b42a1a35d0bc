% title = _("Pick up a phone") if whole else _("Not everything was done")
% rebase("page", title=title)
<h1>{{title}}</h1>
% if whole and not made:
<p>{{_("The box is set up. Each phone needs an account: its card says what to type into the phone.")}}</p>
% elif whole:
<p>{{_("The box is set up. Type the settings of a card into each phone, then call from one to another.")}}</p>
% else:
<p>{{_("What is marked above is left to do, under Settings and Accounts.")}}</p>
% end
% if made:
<p><a class="button" href="/cards">{{n_("Show {n} card, to be printed", "Show {n} cards, to be printed", made).format(n=made)}}</a></p>
<p class="soft">{{_("The cards show the passwords. The box itself does not keep them: print the cards before you log out.")}}</p>
% else:
<p><a class="button" href="/accounts">{{_("Add accounts")}}</a></p>
% end
<p><a href="/">{{_("To the overview")}}</a></p>

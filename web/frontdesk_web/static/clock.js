// Fills in the time, where the box has none.
"use strict";
(function () {
  const field = document.getElementById("clock");
  if (field && !field.value) field.value = new Date().toISOString().slice(0, 16);
})();

// One track at a time; and what is heard stops where the other version goes on, so that the two can be compared.
const players = [...document.querySelectorAll("audio")];
for (const player of players) {
  player.addEventListener("play", () => {
    for (const other of players) if (other !== player) other.pause();
  });
}
for (const article of document.querySelectorAll("article")) {
  const pair = [...article.querySelectorAll("audio")];
  if (pair.length < 2) continue;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Switch version";
  button.addEventListener("click", () => {
    const from = pair.find((player) => !player.paused) ?? pair[1];
    const to = pair[1 - pair.indexOf(from)];
    to.currentTime = from.currentTime;
    to.play();
  });
  article.querySelector("h3").append(button);
}

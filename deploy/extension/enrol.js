// The page on which a coordinator types the one-time code of this device.

const said = document.getElementById("said");
document.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  said.textContent = "";
  const done = await chrome.runtime.sendMessage({ do: "enrol", code: document.getElementById("code").value });
  said.textContent = chrome.i18n.getMessage(done ? "enrolDone" : "enrolNot");
});

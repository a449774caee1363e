// Fills in the words of a page of ours, in the browser's language.

document.documentElement.lang = chrome.i18n.getMessage("@@ui_locale").slice(0, 2) === "en" ? "en" : "nl";
for (const one of document.querySelectorAll("[data-text]")) one.textContent = chrome.i18n.getMessage(one.dataset.text);
document.title = `${document.querySelector("h1").textContent} - Klaswacht`;

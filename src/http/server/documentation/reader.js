"use strict";

// Shows the OpenAPI document of this service, with the introduction in the language of the page.
(async () => {
  const reader = document.getElementById("reader");
  const response = await fetch("/v1/openapi.json");
  const content = await response.json();
  const introduction = document.getElementById("introduction");
  if (introduction) {
    content.info.description = introduction.content.textContent.trim();
  }
  Scalar.createApiReference(reader, {
    content,
    agent: { disabled: true },
    mcp: { disabled: true },
    documentDownloadType: "both",
    expandAllResponses: false,
    forceDarkModeState: "light",
    hideClientButton: true,
    hideDarkModeToggle: true,
    operationTitleSource: "summary",
    persistAuth: false,
    proxyUrl: "",
    showDeveloperTools: "never",
    telemetry: false,
    withDefaultFonts: false,
  });
})();

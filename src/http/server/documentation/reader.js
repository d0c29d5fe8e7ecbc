"use strict";

// The table of the problems that an operation declares: Scalar does not show `x-problem-codes`.
const problemTable = ({ "x-problem-codes": codes = {} }) => {
  const rows = Object.entries(codes).map(([status, codes]) => `| ${status} | ${codes.map((code) => `\`${code}\``).join(", ")} |`);
  return rows.length ? ["| Status | Problems |", "|---|---|", ...rows].join("\n") : "";
};

// Shows the OpenAPI document of this service, with the introduction in the language of the page.
(async () => {
  const reader = document.getElementById("reader");
  const response = await fetch("/v1/openapi.json");
  const content = await response.json();
  const introduction = document.getElementById("introduction");
  if (introduction) {
    content.info.description = introduction.content.textContent.trim();
  }
  for (const operation of Object.values(content.paths).flatMap(Object.values)) {
    operation.description = [operation.description, problemTable(operation)].filter(Boolean).join("\n\n");
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

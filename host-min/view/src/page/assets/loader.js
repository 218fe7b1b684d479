// Unpacks the style and the script, and starts the script. Its hash is in the page's policy, as this one's is: another one would not run.

async function inflate(id) {
  const text = document.getElementById(id).textContent;
  const packed = Uint8Array.fromBase64?.(text) ?? Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const inflateText = async (id) => new TextDecoder().decode(await inflate(id));

function fail(error) {
  const message = document.createElement("p");
  message.textContent = `This page cannot be shown: ${error.message}. It needs a browser of 2024 or later.`;
  document.getElementById("main").replaceChildren(message);
}

async function start() {
  const [style, text] = await Promise.all([inflateText("style"), inflateText("script")]);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  document.adoptedStyleSheets = [sheet];
  const policy = self.trustedTypes?.createPolicy("wagather", { createScript: (text) => text });
  const script = document.createElement("script");
  script.text = policy?.createScript(text) ?? text;
  document.body.append(script);
}

start().catch(fail);

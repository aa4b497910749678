"""wa-js and whatsapp-web.js, unmodified, on the sandbox."""

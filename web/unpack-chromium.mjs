// Unpacks the headless shell of @sparticuz/chromium below a cache directory and prints where it is.
// usage: node unpack-chromium.mjs CACHE_DIR
//
// The package's own entry point unpacks into the system's temporary directory, where another user could have put a
// file of that name first. So its archives are read here and unpacked into a directory of ours, complete or not at all.
import { createReadStream, createWriteStream } from "node:fs";
import { access, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";

const require = createRequire(import.meta.url);

async function exists(path) {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** The package's own fonts.conf names directories of a cloud function's machine. */
function fontsConf(home) {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${join(home, "fonts", "fonts")}</dir>
  <cachedir>${join(home, "fonts-cache")}</cachedir>
</fontconfig>
`;
}

async function unpack(from, to, home) {
  const tar = createRequire(join(from, "package.json"))("tar-fs");
  const read = (name) => createReadStream(join(from, "bin", name));
  await pipeline(read("chromium.br"), createBrotliDecompress(), createWriteStream(join(to, "chromium"), { mode: 0o700 }));
  for (const [name, target] of [
    ["fonts.tar.br", join(to, "fonts")],
    ["swiftshader.tar.br", to],
    ["al2023.tar.br", join(to, "al2023")],
  ]) {
    await pipeline(read(name), createBrotliDecompress(), tar.extract(target));
  }
  await writeFile(join(to, "fonts", "fonts.conf"), fontsConf(home));
}

async function main(directory) {
  const cache = resolve(directory);
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Error(`the packaged browser is for Linux on x86-64, not ${process.platform} on ${process.arch}`);
  }
  const from = dirname(dirname(require.resolve("@sparticuz/chromium")));
  const { version } = JSON.parse(await readFile(join(from, "package.json"), "utf8"));
  const home = join(cache, `chromium-${version}`);
  if (!(await exists(home))) {
    await mkdir(cache, { recursive: true, mode: 0o700 });
    const part = await mkdtemp(join(cache, "unpacking-"));
    try {
      await unpack(from, part, home);
      await rename(part, home);
    } catch (error) {
      await rm(part, { recursive: true, force: true });
      if (!(await exists(home))) throw error; // Another process was faster.
    }
  }
  process.stdout.write(`${home}\n`);
}

const [cache] = process.argv.slice(2);
if (!cache) {
  process.stderr.write("usage: node unpack-chromium.mjs CACHE_DIR\n");
  process.exitCode = 2;
} else {
  main(cache).catch((error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
}

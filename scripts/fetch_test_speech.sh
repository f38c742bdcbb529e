#!/bin/sh
# Fetches real human speech for the tests into .cache/speech: Debian's Asterisk prompts (CC-BY-SA-3.0) with their texts.
# Debian or Ubuntu; needs no root, installs nothing.
set -eu

folder="$(cd "$(dirname "$0")/.." && pwd)/.cache/speech"
if [ -e "$folder/prompts/complete" ]; then
    exit 0
fi
mkdir -p "$folder"
work="$(mktemp -d "$folder/fetch.XXXXXX")"
trap 'rm -rf "$work"' EXIT
cd "$work"
for language in en fr es; do
    apt-get download -q "asterisk-core-sounds-$language" "asterisk-core-sounds-$language-g722"
done
for package in *.deb; do
    dpkg-deb -x "$package" unpacked
done
mkdir prompts
for language in en fr es; do
    gunzip -c "unpacked/usr/share/doc/asterisk-core-sounds-$language/core-sounds-$language.txt.gz" \
        > "prompts/$language.txt"
done
cp unpacked/usr/share/doc/asterisk-core-sounds-en/copyright prompts/copyright
mv unpacked/usr/share/asterisk/sounds/en_US_f_Allison prompts/en
mv unpacked/usr/share/asterisk/sounds/fr_CA_f_June prompts/fr
mv unpacked/usr/share/asterisk/sounds/es_MX_f_Allison prompts/es
touch prompts/complete
rm -rf "$folder/prompts"
mv prompts "$folder/prompts"

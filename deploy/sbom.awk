# Lines "deb PACKAGE VERSION ARCHITECTURE" and "ours SHA256 FILE", with tabs, on
# stdin, and copyright files of packages, into SPDX 2.3; see sbom.sh.

# A name that SPDX has: Debian writes GPL-2+ for GPL-2.0-or-later, and Expat
# for MIT.  Others become names of our own.
function spdx(n,	v) {
	if (n in KNOWN)
		return KNOWN[n]
	if (n ~ /^(L|A)?GPL-[123](\.[01])?(\+|-or-later|-only)?$/) {
		v = n
		sub(/(\+|-or-later|-only)$/, "", v)
		if (v !~ /\./)
			v = v ".0"
		return v (n ~ /(\+|-or-later)$/ ? "-or-later" : "-only")
	}
	v = n
	gsub(/[^A-Za-z0-9.]+/, "-", v)
	gsub(/^-+|-+$/, "", v)
	v = "LicenseRef-" (v == "" ? "unnamed" : substr(v, 1, 80))
	if (!(v in extracted)) {
		extracted[v] = n
		own[++n_own] = v
	}
	return v
}
# "A or B" of Debian is "(A OR B)"; with "and" beside it, or an exception, it
# is a name of its own, since Debian's precedence is not SPDX's.
function expression(n,	part, k, i, text) {
	if (n !~ / or / || n ~ /[ ,]and |,| with /)
		return spdx(n)
	k = split(n, part, / or /)
	for (i = 1; i <= k; i++)
		text = text (i > 1 ? " OR " : "") spdx(part[i])
	return "(" text ")"
}
function declare(of,	e) {
	sub(/[ ,;.\r]+$/, "")
	e = expression($0)
	if (index(" AND " of[owner] " AND ", " AND " e " AND ") == 0)
		of[owner] = of[owner] (of[owner] == "" ? "" : " AND ") e
}
function licences(p) {
	return p in licence ? licence[p] : p in pointed ? pointed[p] : \
	    "NOASSERTION"
}
function quoted(s) {
	gsub(/\\/, "\\\\", s)
	gsub(/"/, "\\\"", s)
	gsub(/[\001-\037]/, " ", s)
	return "\"" s "\""
}
function ref(s) {
	gsub(/[^A-Za-z0-9.-]/, "-", s)
	return s
}
function package(sid, n, v, licence, more) {
	printf "%s\n  {\"SPDXID\": %s, \"name\": %s, \"versionInfo\": %s, " \
	    "\"downloadLocation\": \"NOASSERTION\", " \
	    "\"filesAnalyzed\": false, \"licenseConcluded\": " \
	    "\"NOASSERTION\", \"licenseDeclared\": %s, " \
	    "\"copyrightText\": \"NOASSERTION\"%s}", comma, quoted(sid),
	    quoted(n), quoted(v), quoted(licence), more
	comma = ","
	if (sid != "SPDXRef-image")
		contained[++n_contained] = sid
}
BEGIN {
	split("Expat MIT MIT MIT ISC ISC Zlib Zlib zlib Zlib Apache-2.0 " \
	    "Apache-2.0 Apache-2 Apache-2.0 BSD-2-clause BSD-2-Clause " \
	    "BSD-2-Clause BSD-2-Clause BSD-3-clause BSD-3-Clause " \
	    "BSD-3-Clause BSD-3-Clause BSL-1.0 BSL-1.0 MPL-2.0 MPL-2.0 " \
	    "MPL-1.1 MPL-1.1 CC0-1.0 CC0-1.0 CC0 CC0-1.0 curl curl " \
	    "OpenSSL OpenSSL PostgreSQL PostgreSQL EPL-2.0 EPL-2.0 " \
	    "EPL-1.0 EPL-1.0 Unicode-DFS-2016 Unicode-DFS-2016", pair, " ")
	for (i = 1; i in pair; i += 2)
		KNOWN[pair[i]] = pair[i + 1]
	printf "{\"spdxVersion\": \"SPDX-2.3\", \"dataLicense\": " \
	    "\"CC0-1.0\", \"SPDXID\": \"SPDXRef-DOCUMENT\",\n\"name\": %s, " \
	    "\"documentNamespace\": \"urn:uuid:%s\",\n\"creationInfo\": " \
	    "{\"created\": \"%s\", \"creators\": [\"Tool: sbom.sh-%s\"]}," \
	    "\n\"packages\": [", quoted(name "-" version), id, created, version
}
FILENAME == "-" && $1 == "deb" {
	deb[++n_deb] = $2
	deb_version[n_deb] = $3
	arch[n_deb] = $4
	next
}
FILENAME == "-" {
	sum[++n_ours] = $2
	file[n_ours] = $3
	next
}
FNR == 1 {
	split(FILENAME, path, "/")
	owner = path[5]
}
# The machine-readable form, and texts of before it that point to a licence.
/^[Ll]icen[sc]e: *[^ ]/ {
	sub(/^[^:]*: */, "")
	declare(licence)
	next
}
match($0, /\/common-licenses\/[A-Za-z0-9.-]+[A-Za-z0-9]/) {
	# Which text, but not whether a later one will do.
	$0 = "common " substr($0, RSTART + 17, RLENGTH - 17)
	declare(pointed)
}
END {
	package("SPDXRef-image", name, version, "NOASSERTION",
	    ", \"primaryPackagePurpose\": \"CONTAINER\"")
	for (i = 1; i <= n_ours; i++)
		package("SPDXRef-" ref(file[i]), file[i], version,
		    "NOASSERTION", ", \"checksums\": [{\"algorithm\": " \
		    "\"SHA256\", \"checksumValue\": \"" sum[i] "\"}]")
	for (i = 1; i <= n_deb; i++) {
		again = seen[deb[i]]++ ? "-" arch[i] : ""
		purl = deb_version[i]
		gsub(/:/, "%3A", purl)
		gsub(/\+/, "%2B", purl)
		package("SPDXRef-deb-" ref(deb[i] again), deb[i],
		    deb_version[i], licences(deb[i]),
		    ", \"supplier\": \"Organization: Debian\", " \
		    "\"externalRefs\": [{\"referenceCategory\": " \
		    "\"PACKAGE-MANAGER\", \"referenceType\": \"purl\", " \
		    "\"referenceLocator\": \"pkg:deb/debian/" deb[i] "@" \
		    purl "?arch=" arch[i] "\"}]")
	}
	printf "\n],\n\"hasExtractedLicensingInfos\": ["
	comma = ""
	for (i = 1; i <= n_own; i++) {
		e = own[i]
		printf "%s\n  {\"licenseId\": %s, \"name\": %s, " \
		    "\"extractedText\": %s}", comma, quoted(e),
		    quoted(extracted[e]), quoted("As \"" extracted[e] \
		    "\" in the copyright files of Debian's packages.")
		comma = ","
	}
	printf "\n],\n\"relationships\": [\n  {\"spdxElementId\": " \
	    "\"SPDXRef-DOCUMENT\", \"relationshipType\": \"DESCRIBES\", " \
	    "\"relatedSpdxElement\": \"SPDXRef-image\"}"
	for (i = 1; i <= n_contained; i++)
		printf ",\n  {\"spdxElementId\": \"SPDXRef-image\", " \
		    "\"relationshipType\": \"CONTAINS\", " \
		    "\"relatedSpdxElement\": %s}", quoted(contained[i])
	printf "\n]}\n"
}

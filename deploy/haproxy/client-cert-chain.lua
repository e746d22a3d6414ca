-- Client-Cert-Chain of RFC 9440 section 2.3.  HAProxy has what the client
-- sent after its leaf as one run of DER; the header is a list of byte
-- sequences, so the run is cut at the certificates' lengths.

-- The first certificate's size in bytes; nil if none begins at this place.
local function size(der, at)
	local tag, n = der:byte(at, at + 1)
	if tag ~= 0x30 or n == nil then
		return nil
	end
	if n < 0x80 then
		return 2 + n
	end
	local octets = n - 0x80
	if octets < 1 or octets > 3 or at + 1 + octets > #der then
		return nil
	end
	n = 0
	for i = at + 2, at + 1 + octets do
		n = n * 256 + der:byte(i)
	end
	return 2 + octets + n
end

core.register_action("client_cert_chain", { "http-req" }, function(txn)
	local der, at, items = txn.f:ssl_c_chain_der() or "", 1, {}
	while at <= #der do
		local n = size(der, at)
		if n == nil or at + n - 1 > #der then
			return
		end
		table.insert(items,
			":" .. txn.c:base64(der:sub(at, at + n - 1)) .. ":")
		at = at + n
	end
	if #items > 0 then
		txn.http:req_set_header("Client-Cert-Chain",
			table.concat(items, ", "))
	end
end)

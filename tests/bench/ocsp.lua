-- For wrk: OCSP requests, each about the next of many serial numbers.
-- Arguments: the request's DER before the serial's 16 bytes, in hex, the file
-- of them, the path, and "once" to end when each was answered.  At the end of
-- a run for a time: one line of JSON.

local requests, sent = {}, 0

function init(args)
	local head = args[1]:gsub("%x%x", function(x)
		return string.char(tonumber(x, 16))
	end)
	local file = io.open(args[2], "rb")
	local serial = file:read(16)

	while serial do
		requests[#requests + 1] = wrk.format("POST", args[3], {
			["Host"] = wrk.headers["Host"],
			["Content-Type"] = "application/ocsp-request" },
			head .. serial)
		serial = file:read(16)
	end
	file:close()
	if args[4] == "once" then
		response = stop_after_all
	end
end

local answered = 0

-- wrk itself would wait for the end of its time.
function stop_after_all(status)
	assert(status == 200)
	answered = answered + 1
	if answered == #requests then
		os.exit(0)
	end
end

function request()
	sent = sent + 1
	return requests[(sent - 1) % #requests + 1]
end

function done(summary)
	local e = summary.errors

	io.write(string.format('{"n": %d, "us": %d, "failed": %d}\n',
		summary.requests, summary.duration,
		e.connect + e.read + e.write + e.status + e.timeout))
end

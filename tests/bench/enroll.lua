-- For wrk: every request another unit's, made before the clock starts.
-- Arguments: "est" or "cfssl", the file of tokens and requests, the path.
-- At the end: one line of JSON.

local requests, sent = {}, 0
local healthz

local function est(path, basic, body)
	return wrk.format("POST", path, {
		["Host"] = wrk.headers["Host"],
		["Authorization"] = "Basic " .. basic,
		["Content-Type"] = "application/pkcs10" }, body)
end

local function cfssl(path, _, body)
	return wrk.format("POST", path, {
		["Host"] = wrk.headers["Host"],
		["Content-Type"] = "application/json" },
		'{"hostname":"unit","certificate_request":"' ..
		'-----BEGIN CERTIFICATE REQUEST-----\\n' .. body ..
		'\\n-----END CERTIFICATE REQUEST-----\\n"}')
end

function init(args)
	local make = args[1] == "est" and est or cfssl

	for line in io.lines(args[2]) do
		local basic, body = line:match("^(%S+)\t(%S+)$")

		requests[#requests + 1] = make(args[3], basic, body)
	end
	healthz = wrk.format("GET", "/healthz")
end

function request()
	sent = sent + 1
	-- No request is sent twice; the driver sees that there were too few.
	if sent > #requests then
		wrk.thread:stop()
		return healthz
	end
	return requests[sent]
end

function done(summary, latency)
	local e = summary.errors

	io.write(string.format('{"n": %d, "seconds": %.6f, "failed": %d, ' ..
		'"p50_us": %d, "p99_us": %d}\n', summary.requests,
		summary.duration / 1e6,
		e.connect + e.read + e.write + e.status + e.timeout,
		latency:percentile(50), latency:percentile(99)))
end

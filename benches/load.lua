-- Requests of many signed-in people for wrk.
--
-- The file in BENCH_TARGETS has one target per line: method, path, access token and ETag or body, separated by tabs. Each
-- connection goes through the targets in turn, from a place of its own. `{n}` in a body becomes a number that no other
-- request has.

local targets, made, thread_number = {}, 0, 0

function setup(thread)
   thread_number = thread_number + 1
   thread:set("number", thread_number)
end

function init()
   for line in io.lines(os.getenv("BENCH_TARGETS")) do
      local method, path, token, etag, body = line:match("^([^\t]*)\t([^\t]*)\t([^\t]*)\t([^\t]*)\t(.*)$")
      local headers = { ["Accept-Encoding"] = "identity", ["Accept-Language"] = "en" }
      if token ~= "" then headers["Authorization"] = "Bearer " .. token end
      if etag ~= "" then headers["If-None-Match"] = etag end
      if body ~= "" then headers["Content-Type"] = "application/json" end
      targets[#targets + 1] = { method = method, path = path, headers = headers, body = body }
   end
   made = math.floor(#targets * number / 2)
end

function request()
   made = made + 1
   local target = targets[made % #targets + 1]
   local body = target.body
   if body ~= "" then
      local n = number .. "-" .. made
      body = body:gsub("{n}", n)
      target.headers["Idempotency-Key"] = "bench-" .. n .. "-" .. os.getenv("BENCH_RUN")
   end
   return wrk.format(target.method, target.path, target.headers, body ~= "" and body or nil)
end

function done(summary, latency, requests)
   local errors = summary.errors
   io.write(string.format(
      '{"requests": %d, "seconds": %.3f, "p50Ms": %.3f, "p99Ms": %.3f, "refused": %d, "failed": %d}\n',
      summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
      errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end

-- The script of wrk. METHOD: of each request. BODY: bytes to send with each request. ROUTES: how many routes to ask in turn, instead of the one URL.

-- Whatever the URL calls the host (TLS sends that name), it is this machine.
function wrk.resolve(_, port)
  wrk.addrs = wrk.lookup("127.0.0.1", port)
end

wrk.method = os.getenv("METHOD")
local body = tonumber(os.getenv("BODY"))
if body > 0 then
  wrk.body = string.rep("x", body)
  wrk.headers["Content-Type"] = "application/octet-stream"
end

local routes = tonumber(os.getenv("ROUTES"))
if routes > 0 then
  local requests, at = {}, 0

  function init()
    for index = 0, routes - 1 do
      -- Ten paths on each host, as manifests.ts makes them.
      wrk.headers["Host"] = "host-" .. math.floor(index / 10) .. ".example.com"
      requests[index] = wrk.format(wrk.method, "/v1/" .. index % 10)
    end
  end

  function request()
    -- Far apart, as callers are.
    at = (at + 7919) % routes
    return requests[at]
  end
end

local os = require("os")

-- With a moment as its second argument, os.date forgets the "!". Local time takes the fields of UTC as its own and gives them back.
local moment = os.time(os.date("!*t")) + 3600

if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["azvpn.dev/hold-until"] = os.date("%Y-%m-%dT%XZ", moment)

return obj

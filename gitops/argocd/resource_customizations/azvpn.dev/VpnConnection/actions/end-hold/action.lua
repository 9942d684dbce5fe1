local os = require("os")

-- Not by removing it: where it is the only annotation, Argo CD would take the empty table for a mistake and keep what was there.
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["azvpn.dev/hold-until"] = os.date("!%Y-%m-%dT%XZ")

return obj

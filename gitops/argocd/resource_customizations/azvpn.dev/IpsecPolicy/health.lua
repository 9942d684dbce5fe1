-- Reconciling while the values are on their way to the connections, Stalled once a tunnel did not come back with them.
-- Argo CD ends a sync at Degraded.
local hs = {status = "Progressing", message = "Waiting for the operator"}

if obj.status == nil or obj.status.conditions == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return hs
end

local conditions = {}
for _, condition in ipairs(obj.status.conditions) do
  conditions[condition.type] = condition
end

local function holds(name, status)
  return conditions[name] ~= nil and conditions[name].status == status
end

local function words(name)
  return conditions[name].reason .. ": " .. conditions[name].message
end

if holds("Stalled", "True") then
  hs.status = "Degraded"
  hs.message = words("Stalled")
elseif holds("RolledOut", "False") and conditions["RolledOut"].reason == "RolloutPaused" then
  hs.status = "Suspended"
  hs.message = words("RolledOut")
elseif holds("Reconciling", "True") then
  hs.message = words("Reconciling")
elseif conditions["Ready"] ~= nil then
  hs.message = words("Ready")
  if holds("Ready", "True") then
    hs.status = "Healthy"
    if conditions["RolledOut"] ~= nil then
      hs.message = words("RolledOut")
    end
  end
end

return hs

-- Stalled is a failure that waits for a person. Ready=False alone is not: the connection waits for something that will come,
-- and Argo CD ends a sync at Degraded.
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
elseif holds("Paused", "True") then
  hs.status = "Suspended"
  hs.message = words("Paused")
  if holds("Ready", "False") then
    hs.message = hs.message .. "; " .. words("Ready")
  end
elseif holds("Reconciling", "True") then
  hs.message = words("Reconciling")
elseif conditions["Ready"] ~= nil then
  hs.message = words("Ready")
  if holds("Ready", "True") then
    hs.status = "Healthy"
    -- The tunnel is not part of Ready, since the other side decides it too; but here is where people look.
    if holds("Connected", "False") then
      hs.message = hs.message .. "; " .. words("Connected")
    end
  end
end

return hs

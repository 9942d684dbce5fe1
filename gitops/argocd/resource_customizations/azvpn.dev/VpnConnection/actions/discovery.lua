local actions = {}

local conditions = {}
if obj.status ~= nil and obj.status.conditions ~= nil then
  for _, condition in ipairs(obj.status.conditions) do
    conditions[condition.type] = condition
  end
end

local function says(name, reason)
  return conditions[name] ~= nil and conditions[name].status == "True" and conditions[name].reason == reason
end

local suspended = obj.spec.suspend == true
local deleting = obj.metadata.deletionTimestamp ~= nil
local writes = obj.spec.managementPolicy == nil or obj.spec.managementPolicy == "Enforce"
local has_key = obj.spec.sharedKeySecretRef ~= nil or obj.spec.reverse ~= nil
local failed = says("Stalled", "RolledBack") or says("Stalled", "ChangeFailed")
local held = says("Paused", "HeldUntil") or says("Paused", "HoldInvalid")

actions["reconcile"] = {["disabled"] = false}
actions["rollout-retry"] = {["disabled"] = not failed or suspended or deleting}
actions["rotate-key"] = {["disabled"] = not has_key or not writes or suspended or deleting}
actions["reset"] = {["disabled"] = not writes or suspended or held or deleting}
actions["suspend"] = {["disabled"] = suspended or deleting}
actions["resume"] = {["disabled"] = not suspended or deleting}
actions["hold-for-an-hour"] = {["disabled"] = suspended}
actions["end-hold"] = {["disabled"] = not held}

return actions

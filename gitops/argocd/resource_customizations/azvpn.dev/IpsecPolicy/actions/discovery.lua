local actions = {}

local paused = obj.spec.rollout ~= nil and obj.spec.rollout.paused == true
local deleting = obj.metadata.deletionTimestamp ~= nil

local failed, waits = false, false
if obj.status ~= nil and obj.status.conditions ~= nil then
  for _, condition in ipairs(obj.status.conditions) do
    if condition.type == "RolledOut" then
      failed = condition.reason == "RolloutFailed"
      waits = condition.reason == "WaitingForRekey"
    end
  end
end

actions["rollout-retry"] = {["disabled"] = not failed or deleting}
actions["rollout-continue"] = {["disabled"] = not waits or deleting}
actions["pause-rollout"] = {["disabled"] = paused or deleting}
actions["resume-rollout"] = {["disabled"] = not paused or deleting}

return actions

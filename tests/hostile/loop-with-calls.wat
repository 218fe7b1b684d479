;; deadline: a loop that keeps the broker busy is ended as any other
;; attacks: now
(module
  (import "wagather_v1" "now" (func $now (result i64)))
  (@custom "wagather.manifest" "gatherer 1 loop-with-calls 0\n")
  (memory (export "memory") 1)
  (func (export "gather") (result i32) (loop $for_ever (drop (call $now)) (br $for_ever)) (unreachable)))

;; returns 0: a start function may call imports, as the contract says
;; attacks: log
;; says: start-calls: info: from the start function
(module
  (import "wagather_v1" "log" (func $log (param i32 i32 i32) (result i32)))
  (@custom "wagather.manifest" "gatherer 1 start-calls 0\n")
  (memory (export "memory") 1)
  (data (i32.const 0) "from the start function")
  (global $result (mut i32) (i32.const 1))
  (func $start (global.set $result (call $log (i32.const 1) (i32.const 0) (i32.const 23))))
  (start $start)
  (func (export "gather") (result i32) (global.get $result)))

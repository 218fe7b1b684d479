;; returns 0: what is still in flight at the end is dropped, and keeps nobody waiting
;; attacks: rest_start rest_status
(module
  (import "wagather_v1" "rest_start" (func $rest_start (param i32) (result i32)))
  (import "wagather_v1" "rest_status" (func $rest_status (param i32) (result i32)))
  (@custom "wagather.manifest" "gatherer 1 in-flight 0\npath /livez\npath /version\n")
  (memory (export "memory") 1)
  ;; The test's server never answers this path.
  (data (i32.const 0) "\03\00\00\00" "\00\00\00\00" "\00\00\00\00" "\00\00\00\00" "\00\01\00\00" "\06\00\00\00")
  (data (i32.const 256) "/livez" "/version")
  (func (export "gather") (result i32)
    (drop (call $rest_start (i32.const 0)))
    (drop (call $rest_start (i32.const 0)))
    (i32.store (i32.const 16) (i32.const 262))
    (i32.store (i32.const 20) (i32.const 8))
    (i32.ne (call $rest_status (call $rest_start (i32.const 0))) (i32.const 200))))

;; returns 0: a selector is one parameter, whatever is in it
;; attacks: rest_start
(module
  (import "wagather_v1" "rest_start" (func $rest_start (param i32) (result i32)))
  (import "wagather_v1" "rest_status" (func $rest_status (param i32) (result i32)))
  (@custom "wagather.manifest" "gatherer 1 selector-injection 0\nresource list /v1/pods * *\n")
  (memory (export "memory") 1)
  (data (i32.const 256) "pods" "v1" "a=b&watch=true#?/../%26limit=1+ ")
  (data (i32.const 0) "\02\00\00\00" "\00\00\00\00" "\04\01\00\00" "\02\00\00\00" "\00\01\00\00" "\04\00\00\00")
  (func (export "gather") (result i32)
    ;; As the label selector and as the field selector.
    (i32.store (i32.const 56) (i32.const 262))
    (i32.store (i32.const 60) (i32.const 32))
    (i32.store (i32.const 64) (i32.const 262))
    (i32.store (i32.const 68) (i32.const 32))
    (i32.ne (call $rest_status (call $rest_start (i32.const 0))) (i32.const 200))))

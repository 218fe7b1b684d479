;; returns 0: a parameter that nobody gave or declared, and a buffer that is too small, change nothing in memory
;; attacks: param
;; options: --param secret=0123456789
(module
  (import "wagather_v1" "param" (func $param (param i32 i32 i32 i32) (result i32)))
  (@custom "wagather.manifest" "gatherer 1 params 0\nparam secret A value\nparam other Nobody gives it\nparam given What nobody gives\ndefault given 012345678\n")
  (memory (export "memory") 1)
  (data (i32.const 0) "secret" "\ff\fe" "other" "given" "unknown")
  (func (export "gather") (result i32)
    (if (i32.ne (call $param (i32.const 0) (i32.const 6) (i32.const 64) (i32.const 9)) (i32.const 10)) (then (return (i32.const 1))))
    (if (i64.ne (i64.load (i32.const 64)) (i64.const 0)) (then (return (i32.const 2))))
    (if (i32.ne (call $param (i32.const 6) (i32.const 2) (i32.const 64) (i32.const 9)) (i32.const -16)) (then (return (i32.const 3))))
    (if (i32.ne (call $param (i32.const 8) (i32.const 5) (i32.const 64) (i32.const 9)) (i32.const -10)) (then (return (i32.const 4))))
    ;; What the manifest does not declare is denied, the empty name too.
    (if (i32.ne (call $param (i32.const 0) (i32.const 0) (i32.const 64) (i32.const 9)) (i32.const -1)) (then (return (i32.const 5))))
    (if (i32.ne (call $param (i32.const 18) (i32.const 7) (i32.const 64) (i32.const 9)) (i32.const -1)) (then (return (i32.const 7))))
    ;; A default is answered by the host, and needs its room too.
    (if (i32.ne (call $param (i32.const 13) (i32.const 5) (i32.const 64) (i32.const 8)) (i32.const 9)) (then (return (i32.const 8))))
    (if (i64.ne (i64.load (i32.const 64)) (i64.const 0)) (then (return (i32.const 9))))
    (if (i32.ne (call $param (i32.const 13) (i32.const 5) (i32.const 128) (i32.const 9)) (i32.const 9)) (then (return (i32.const 10))))
    (if (i32.ne (i32.load (i32.const 128)) (i32.const 0x33323130)) (then (return (i32.const 11))))
    ;; The name and the buffer may be the same bytes.
    (if (i32.ne (call $param (i32.const 0) (i32.const 6) (i32.const 0) (i32.const 10)) (i32.const 10)) (then (return (i32.const 6))))
    (i32.ne (i32.load (i32.const 0)) (i32.const 0x33323130))))

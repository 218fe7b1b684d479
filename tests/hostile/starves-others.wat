;; deadline: as many requests as it may have open, none of which the server answers, and then a loop
;; attacks: rest_start
(module
  (import "wagather_v1" "rest_start" (func $rest_start (param i32) (result i32)))
  (@custom "wagather.manifest" "gatherer 1 starves-others 0\npath /livez\n")
  (memory (export "memory") 1)
  ;; The test's server never answers this path.
  (data (i32.const 0) "\03\00\00\00" "\00\00\00\00" "\00\00\00\00" "\00\00\00\00" "\00\01\00\00" "\06\00\00\00")
  (data (i32.const 256) "/livez")
  (func (export "gather") (result i32)
    (loop $more (br_if $more (i32.gt_s (call $rest_start (i32.const 0)) (i32.const 0))))
    (loop $for_ever (br $for_ever))
    (i32.const 0)))

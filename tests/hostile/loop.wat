;; deadline: a loop that calls nothing is ended from outside
;; attacks: none
(module
  (@custom "wagather.manifest" "gatherer 1 loop 0\n")
  (memory (export "memory") 1)
  (func (export "gather") (result i32) (loop $for_ever (br $for_ever)) (unreachable)))
